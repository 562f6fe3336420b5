import { Text } from "@mantine/core";
import { IconDownload, IconStar } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";

import type { Repository } from "@/client/types";
import { Stars } from "@/ui/stars";
import { Chip } from "@/ui/state-badge";
import { TimeAgo } from "@/ui/time-ago";

import { Picture } from "./picture";

/** One repository in a list: what it is, and how people take it. */
export function RepositoryRow({ repository }: { repository: Repository }) {
  const { owner, name, title, description, tags, visibility, kind } = repository;
  return (
    <li>
      <Link to="/$owner/$name" params={{ owner, name }} className="row">
        <Picture repository={repository} />
        <div className="grow">
          <div className="clip"><span className="quiet">{owner}/</span><b>{name}</b>{kind !== "model" && <span className="quiet"> · {kind}</span>}</div>
          <Text size="sm" c="dimmed" className="clip">{title || description || "No description yet"}</Text>
          <Popularity repository={repository} />
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

/** Stars, rating and downloads, each in words for who does not see them. */
export function Popularity({ repository: { stars, rating, ratings, downloads } }: { repository: Repository }) {
  return (
    <Text size="sm" c="dimmed" component="div" style={{ display: "flex", gap: 12, flexWrap: "wrap" }}>
      <span title="Stars"><IconStar size={14} style={{ verticalAlign: "-2px" }} role="img" aria-label="Stars" /> {stars}</span>
      {rating !== null && rating !== undefined && <span><Stars rating={rating} size={13} /> {ratings}</span>}
      <span title="Downloads"><IconDownload size={14} style={{ verticalAlign: "-2px" }} role="img" aria-label="Downloads" /> {downloads}</span>
    </Text>
  );
}
