import { useQuery } from "@tanstack/react-query";

import { sessionQuery } from "@/features/accounts/api/session";
import { SettingsPage } from "@/features/accounts/pages/settings-page";
import { ProblemAlert } from "@/ui/problem-alert";

export function SettingsRoute() {
  const { data, error } = useQuery(sessionQuery);
  if (error) return <main className="page" id="main"><ProblemAlert error={error} /></main>;
  return data?.account ? <SettingsPage account={data.account} /> : null;
}
