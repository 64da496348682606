/** The button that shows a password, in reach of the keyboard and with a name. */
export function passwordToggle(label: string) {
  return { "aria-label": label, "aria-hidden": false, tabIndex: 0 } as const;
}
