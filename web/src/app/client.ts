import { QueryCache, QueryClient } from "@tanstack/react-query";

import { ProblemError } from "@/client/problem";
import { sessionQuery } from "@/features/accounts/api/session";

/** Server state. What the server refused is not asked again by itself; a lost session is noticed at once. */
export const queryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => {
      const lost = error instanceof ProblemError && error.status === 401;
      if (lost && query.queryKey[0] !== "session") void queryClient.invalidateQueries(sessionQuery);
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: (failures, error) => failures < 2 && error instanceof ProblemError && [0, 502, 503].includes(error.status),
    },
  },
});
