import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";

import { sessionQuery } from "@/features/accounts/api/session";
import { UsagePage } from "@/features/usage/pages/usage-page";

const route = getRouteApi("/own/usage");

export function UsageRoute() {
  const { data } = useQuery(sessionQuery);
  const { account, month } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <UsagePage
      account={account}
      month={month}
      onMonth={(chosen) => void navigate({ search: { account, month: chosen } })}
      maySetQuotas={data?.account?.role === "administrator"}
    />
  );
}
