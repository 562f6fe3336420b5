import { queryOptions } from "@tanstack/react-query";

import { api, unwrap } from "@/client/api";

export const organisationsQuery = queryOptions({
  queryKey: ["organisations"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/v1/organisations", { signal })),
});

export const organisationQuery = (organisation: string) =>
  queryOptions({
    queryKey: ["organisations", organisation],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/organisations/{organisation}", { params: { path: { organisation } }, signal })),
  });

export const createOrganisation = (username: string, display_name: string) =>
  unwrap(api.POST("/api/v1/organisations", { body: { username, display_name } }));

export const renameOrganisation = (organisation: string, display_name: string) =>
  unwrap(api.PATCH("/api/v1/organisations/{organisation}", { params: { path: { organisation } }, body: { display_name } }));

export const deleteOrganisation = (organisation: string) =>
  unwrap(api.DELETE("/api/v1/organisations/{organisation}", { params: { path: { organisation } } }));
