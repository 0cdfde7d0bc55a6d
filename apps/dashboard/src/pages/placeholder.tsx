/** Stands where a page is not built yet. */
export function Placeholder({ title }: { readonly title: string }) {
  return (
    <div style={{ padding: 24 }}>
      <h1>{title}</h1>
    </div>
  );
}
