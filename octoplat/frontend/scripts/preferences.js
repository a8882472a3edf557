// The browser's time zone, told to the server once, so that times are shown in it (ui.md 4.10).
if (!document.cookie.includes("octoplat_zone=")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) {
    document.cookie = `octoplat_zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
  }
}
