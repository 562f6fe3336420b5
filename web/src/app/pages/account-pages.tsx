import { useQuery } from "@tanstack/react-query";

import { sessionQuery } from "@/features/accounts/api/session";
import { SettingsPage } from "@/features/accounts/pages/settings-page";
import { SignInsSection } from "@/features/images/components/sign-ins-section";
import { ProblemAlert } from "@/ui/problem-alert";

export function SettingsRoute() {
  const { data, error } = useQuery(sessionQuery);
  if (error) return <main className="page" id="main"><ProblemAlert error={error} /></main>;
  return data?.account ? <SettingsPage account={data.account} registries={<SignInsSection mayAdd={data.account.role !== "reader"} />} /> : null;
}
