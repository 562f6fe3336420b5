import { Button } from "@mantine/core";
import { IconStar, IconStarFilled } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import type { Repository } from "@/client/types";
import { notifyProblem } from "@/ui/notify";

import { repositoryQuery, setStar } from "../api/repos";

/** How many starred it; who is signed in stars it too, and takes it back. */
export function StarButton({ repository, signedIn, onSignIn }: { repository: Repository; signedIn: boolean; onSignIn: () => void }) {
  const { owner, name, stars, starred } = repository;
  const queries = useQueryClient();
  const starring = useMutation({
    mutationFn: () => setStar({ owner, name }, !starred),
    onSuccess: (now) => {
      queries.setQueryData(repositoryQuery({ owner, name }).queryKey, now);
      void queries.invalidateQueries({ queryKey: ["repos", "search"] });
    },
    onError: (error) => notifyProblem(error),
  });
  const Icon = starred ? IconStarFilled : IconStar;
  return (
    <Button
      size="xs"
      variant="default"
      leftSection={<Icon size={15} color={starred ? "var(--star)" : undefined} />}
      aria-pressed={starred}
      aria-label={`${starred ? "Take the star back" : "Star"}; ${stars} so far`}
      loading={starring.isPending}
      onClick={() => (signedIn ? starring.mutate() : onSignIn())}
    >
      {stars}
    </Button>
  );
}
