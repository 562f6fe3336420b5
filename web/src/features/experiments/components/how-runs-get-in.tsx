/** How a run becomes one of the experiment `name`. */
export function HowRunsGetIn({ name }: { name: string }) {
  return (
    <>
      Choose it in the form of a run, under <b>Advanced</b>; or on the page of a run, with <b>Add to an experiment</b>; or in a terminal:{" "}
      <code>modelyard run owner/name --experiment {/^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`}</code>
    </>
  );
}
