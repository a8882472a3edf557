// A blocked button tells why when it gets the focus from the keyboard, too; a click does it natively.
document.addEventListener("focusin", ({ target }) => {
  if (target.matches?.("[aria-disabled='true'][popovertarget]:focus-visible")) {
    document.getElementById(target.getAttribute("popovertarget"))?.showPopover({ source: target });
  }
});

document.addEventListener("focusout", ({ target }) => {
  const reasons = document.getElementById(target.getAttribute?.("popovertarget"));
  if (reasons?.matches(".reasons:popover-open")) reasons.hidePopover();
});
