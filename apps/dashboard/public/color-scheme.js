// Runs before the first paint, so that a dark page does not flash white. A file of its own: the page's policy allows no script in its text.
(() => {
  let choice = 'auto';
  try {
    choice = localStorage.getItem('pushfleet.color-scheme') ?? 'auto';
  } catch {
    // Storage is switched off: the system's choice holds.
  }
  const isDark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', isDark ? 'dark' : 'light');
})();
