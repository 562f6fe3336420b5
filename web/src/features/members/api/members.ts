import { queryOptions } from "@tanstack/react-query";

import { api, unwrap, unwrapOrNull } from "@/client/api";
import type { Address, MemberRole } from "@/client/types";

/** Where people belong: a repository, or an organisation. */
export type Place = Address | { organisation: string };

export const placeKey = (place: Place) => ["members", ..."organisation" in place ? [place.organisation] : [place.owner, place.name]];

export const placeName = (place: Place) => ("organisation" in place ? place.organisation : `${place.owner}/${place.name}`);

export const membersQuery = (place: Place) =>
  queryOptions({
    queryKey: [...placeKey(place), "members"],
    queryFn: ({ signal }) =>
      unwrap(
        "organisation" in place
          ? api.GET("/api/v1/organisations/{organisation}/members", { params: { path: place }, signal })
          : api.GET("/api/v1/repos/{owner}/{name}/members", { params: { path: place }, signal }),
      ),
  });

export const changeMember = (place: Place, username: string, role: MemberRole, expires_at: string | null | undefined) => {
  const body = { role, expires_at };
  return unwrap(
    "organisation" in place
      ? api.PUT("/api/v1/organisations/{organisation}/members/{username}", { params: { path: { ...place, username } }, body })
      : api.PUT("/api/v1/repos/{owner}/{name}/members/{username}", { params: { path: { ...place, username } }, body }),
  );
};

export const removeMember = (place: Place, username: string) =>
  unwrap(
    "organisation" in place
      ? api.DELETE("/api/v1/organisations/{organisation}/members/{username}", { params: { path: { ...place, username } } })
      : api.DELETE("/api/v1/repos/{owner}/{name}/members/{username}", { params: { path: { ...place, username } } }),
  );

export const openInvitationsQuery = (place: Place) =>
  queryOptions({
    queryKey: [...placeKey(place), "invitations"],
    queryFn: ({ signal }) =>
      unwrap(
        "organisation" in place
          ? api.GET("/api/v1/organisations/{organisation}/invitations", { params: { path: place }, signal })
          : api.GET("/api/v1/repos/{owner}/{name}/invitations", { params: { path: place }, signal }),
      ),
  });

export type Invited = { username: string | null; role: MemberRole; expires_in_days: number; member_until: string | null };

export const invite = (place: Place, body: Invited) =>
  unwrap(
    "organisation" in place
      ? api.POST("/api/v1/organisations/{organisation}/invitations", { params: { path: place }, body })
      : api.POST("/api/v1/repos/{owner}/{name}/invitations", { params: { path: place }, body }),
  );

export const withdrawInvitation = (place: Place, invitation_id: string) =>
  unwrap(
    "organisation" in place
      ? api.DELETE("/api/v1/organisations/{organisation}/invitations/{invitation_id}", { params: { path: { ...place, invitation_id } } })
      : api.DELETE("/api/v1/repos/{owner}/{name}/invitations/{invitation_id}", { params: { path: { ...place, invitation_id } } }),
  );

/** What the person who is signed in was invited to. */
export const ownInvitationsQuery = queryOptions({
  queryKey: ["members", "invitations", "mine"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/v1/account/invitations", { signal })),
});

export const answerInvitation = (invitation_id: string, accepted: boolean) => {
  const params = { path: { invitation_id } };
  return accepted ? unwrap(api.POST("/api/v1/account/invitations/{invitation_id}/accept", { params })) : unwrap(api.DELETE("/api/v1/account/invitations/{invitation_id}", { params }));
};

export const linkQuery = (secret: string) =>
  queryOptions({
    queryKey: ["members", "link", secret],
    queryFn: ({ signal }) => unwrap(api.POST("/api/v1/account/invitation-link/look", { body: { secret }, signal })),
    retry: false,
  });

export const acceptLink = (secret: string) => unwrap(api.POST("/api/v1/account/invitation-link/accept", { body: { secret } }));

/** The repositories that the person who is signed in may take over. */
export const ownTransfersQuery = queryOptions({
  queryKey: ["members", "transfers", "mine"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/v1/account/transfers", { signal })),
});

export const answerTransfer = (repository_id: string, accepted: boolean) => {
  const params = { path: { repository_id } };
  return accepted ? unwrap(api.POST("/api/v1/account/transfers/{repository_id}/accept", { params })) : unwrap(api.DELETE("/api/v1/account/transfers/{repository_id}", { params }));
};

/** To whom the repository is on offer; null for nobody. */
export const transferQuery = (address: Address) =>
  queryOptions({
    queryKey: [...placeKey(address), "transfer"],
    queryFn: ({ signal }) => unwrapOrNull(api.GET("/api/v1/repos/{owner}/{name}/transfer", { params: { path: address }, signal })),
  });

export const transfer = (address: Address, to: string) =>
  unwrap(api.POST("/api/v1/repos/{owner}/{name}/transfer", { params: { path: address }, body: { to } }));

export const withdrawTransfer = (address: Address) =>
  unwrap(api.DELETE("/api/v1/repos/{owner}/{name}/transfer", { params: { path: address } }));
