import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import type { Address } from "@/client/types";
import { notifyDone, notifyProblem } from "@/ui/notify";

import { setPublished, versionQuery, versionsQuery } from "../api/versions";

type Props = { address: Address; number: number; published: boolean };

/** The owner's way to offer a version of an operation to others, and to take it back. */
export function PublishButton({ address, number, published }: Props) {
  const queries = useQueryClient();
  const publishing = useMutation({
    mutationFn: () => setPublished(address, number, !published),
    onSuccess: (version) => {
      notifyDone(published ? `Version ${number} was taken back: nobody else starts runs of it.` : `Version ${number} is published.`);
      queries.setQueryData(versionQuery(address, number).queryKey, version);
      void queries.invalidateQueries(versionQuery(address, number));
      void queries.invalidateQueries(versionsQuery(address));
    },
    onError: (error) => notifyProblem(error),
  });
  return <Button size="xs" variant="default" loading={publishing.isPending} onClick={() => publishing.mutate()}>{published ? "Unpublish" : "Publish"}</Button>;
}
