import { Button, FileButton, Group, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import type { Repository } from "@/client/types";
import { notifyProblem } from "@/ui/notify";

import { removePicture, repositoryQuery, setPicture } from "../api/repos";
import { Picture } from "./picture";

type Props = {
  repository: Repository;
  /** Sends a file and resolves to its upload's id. */
  send: (file: File) => Promise<string>;
};

/** The picture that lists show: chosen, replaced, taken away. */
export function PictureChoice({ repository, send }: Props) {
  const { owner, name } = repository;
  const queries = useQueryClient();
  const changing = useMutation({
    mutationFn: async (file: File | null) => (file ? setPicture({ owner, name }, await send(file)) : removePicture({ owner, name })),
    onSuccess: (changed) => {
      queries.setQueryData(repositoryQuery({ owner, name }).queryKey, changed);
      void queries.invalidateQueries({ queryKey: ["repos", "search"] });
    },
    onError: (error) => notifyProblem(error, "The picture was not changed"),
  });
  return (
    <Group gap="md">
      <Picture repository={repository} size={72} />
      <div>
        <Text size="sm" fw={500}>Picture</Text>
        <Text size="sm" c="dimmed" mb={6}>PNG, JPEG or WebP, at most 10 MB.</Text>
        <Group gap="xs">
          <FileButton accept="image/png,image/jpeg,image/webp" onChange={(file) => file && changing.mutate(file)} inputProps={{ "aria-label": "Picture file" }}>
            {(props) => <Button size="xs" variant="default" loading={changing.isPending} {...props}>{repository.picture ? "Replace" : "Choose a picture"}</Button>}
          </FileButton>
          {repository.picture && <Button size="xs" variant="default" onClick={() => changing.mutate(null)}>Remove</Button>}
        </Group>
      </div>
    </Group>
  );
}
