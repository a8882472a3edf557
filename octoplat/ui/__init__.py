"""What every page shares: template tags, Markdown, preferences, the frame around pages. No rules."""
