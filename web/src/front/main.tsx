import "@mantine/core/styles.layer.css";
import "@mantine/notifications/styles.layer.css";
import "../ui/page.css";

import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { cssVariables, theme } from "@/ui/theme";

import { FrontPage } from "./front-page";

/** The front end of a bundle: one model's Run page, without a Modelyard behind it. */
createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <Notifications position="bottom-right" limit={4} />
      <QueryClientProvider client={new QueryClient()}>
        <FrontPage />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
