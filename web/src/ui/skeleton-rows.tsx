import { Skeleton } from "@mantine/core";

/** Rows of the height that the list will have, so that nothing moves when it arrives. */
export function SkeletonRows({ count = 6 }: { count?: number }) {
  return (
    <ul className="rows" aria-busy="true" aria-label="Loading">
      {Array.from({ length: count }, (_, index) => (
        <li key={index} className="row">
          <Skeleton circle height={20} width={20} />
          <div className="grow"><Skeleton height={13} width="30%" my={5} /><Skeleton height={11} width="55%" my={5} /></div>
        </li>
      ))}
    </ul>
  );
}
