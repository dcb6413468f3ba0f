"""Text ⇄ syntax tree: the grammar of liq, its parser and its formatter."""
