import { type CSSVariablesResolver, type MantineColorsTuple, createTheme } from "@mantine/core";

const pine: MantineColorsTuple = [
  "#eaf6f4", "#d5ebe7", "#a9d7d0", "#79c2b8", "#52b0a4", "#3aa598", "#1f8f83", "#0f6b63", "#0b574f", "#05443e",
];
const dark: MantineColorsTuple = [
  "#d5dbdd", "#a9b4b8", "#8a979c", "#5d6a6f", "#3a4549", "#2a3438", "#1c2427", "#12181a", "#0d1214", "#090d0e",
];

/** Dense and calm: 14 px text, small radii, one accent. Every pair of colours here passes WCAG AA. */
export const theme = createTheme({
  primaryColor: "pine",
  primaryShade: { light: 7, dark: 7 },
  colors: { pine, dark },
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'Cascadia Mono', 'Segoe UI Mono', 'Liberation Mono', monospace",
  fontSizes: { xs: "12px", sm: "13.5px", md: "14.5px", lg: "16px", xl: "18px" },
  headings: { fontWeight: "650", sizes: { h1: { fontSize: "22px" }, h2: { fontSize: "17px" }, h3: { fontSize: "14.5px" } } },
  defaultRadius: "sm",
  radius: { sm: "6px", md: "10px" },
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Anchor: { defaultProps: { underline: "hover" } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 300 } },
    Loader: { defaultProps: { size: "sm" } },
  },
});

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#55636a",
    "--mantine-color-placeholder": "#67757c",
    "--mantine-color-error": "#b42318",
    "--mantine-color-body": "#ffffff",
    "--mantine-color-text": "#172024",
    "--mantine-color-default-border": "#cfd8da",
    "--page": "#f6f8f8",
    "--surface": "#ffffff",
    "--sunken": "#eff3f3",
    "--line": "#dfe5e6",
    "--accent-text": "#0f6b63",
    "--bar": "#1f8f83",
    "--bar-rest": "#b9d5d1",
    "--good": "#178048",
    "--busy": "#2767c9",
    "--bad": "#c3271b",
    "--warn": "#a15c00",
    "--idle": "#7b888d",
    "--added": "#e3f4e9",
    "--removed": "#fbe9e7",
  },
  dark: {
    "--mantine-color-dimmed": "#a9b4b8",
    "--mantine-color-placeholder": "#8a979c",
    "--mantine-color-error": "#ff8f86",
    "--mantine-color-body": "#161d20",
    "--mantine-color-text": "#e3e8e9",
    "--mantine-color-anchor": "#6cc7bb",
    "--mantine-color-default-border": "#3a4549",
    "--page": "#0f1416",
    "--surface": "#161d20",
    "--sunken": "#0c1112",
    "--line": "#283135",
    "--accent-text": "#6cc7bb",
    "--bar": "#3aa598",
    "--bar-rest": "#2c4a47",
    "--good": "#4fc586",
    "--busy": "#7aa9f2",
    "--bad": "#ff8f86",
    "--warn": "#e5b25d",
    "--idle": "#8a979c",
    "--added": "#123324",
    "--removed": "#3d1f1d",
  },
});
