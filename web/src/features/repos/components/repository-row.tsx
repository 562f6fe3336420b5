import { Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import type { Repository } from "@/client/types";
import { Chip } from "@/ui/state-badge";
import { TimeAgo } from "@/ui/time-ago";

import { KindIcon } from "./kind-icon";

/** One repository in a list. */
export function RepositoryRow({ repository }: { repository: Repository }) {
  const { owner, name, title, description, tags, visibility } = repository;
  return (
    <li>
      <Link to="/$owner/$name" params={{ owner, name }} className="row">
        <KindIcon kind={repository.kind} />
        <div className="grow">
          <div className="clip"><span className="quiet">{owner}/</span><b>{name}</b></div>
          <Text size="sm" c="dimmed" className="clip">{title || description || "No description yet"}</Text>
        </div>
        <div className="wide-only" style={{ display: "flex", gap: 6 }}>
          {tags.slice(0, 3).map((tag) => <Chip key={tag}>{tag}</Chip>)}
        </div>
        {visibility !== "public" && <Chip>{visibility}</Chip>}
        <Text size="sm" c="dimmed" ta="right" miw={86} className="wide-only">
          <TimeAgo at={repository.updated_at} />
        </Text>
      </Link>
    </li>
  );
}
