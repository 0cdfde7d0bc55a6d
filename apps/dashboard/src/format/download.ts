/** Gives `text` to the person as a file. */
export function download(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken the content by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** `2026-11-29T20-04-05`: in names of files. */
export const fileTime = (date: Date): string => date.toISOString().slice(0, 19).replaceAll(':', '-');
