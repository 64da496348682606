import {
  type CSSVariablesResolver,
  createTheme,
  localStorageColorSchemeManager,
  type MantineColorsTuple,
} from "@mantine/core";

const petrol: MantineColorsTuple = [
  "#e8f6f7",
  "#d3ebed",
  "#a7d6da",
  "#78c0c6",
  "#53aeb5",
  "#3ba2aa",
  "#1f929b",
  "#107f87",
  "#0b6e75",
  "#045a60",
];

export const theme = createTheme({
  primaryColor: "petrol",
  primaryShade: { light: 8, dark: 8 },
  colors: { petrol },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  fontFamily: 'ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  components: { Modal: { styles: { title: { fontWeight: 650 } } } },
  headings: { fontWeight: "650", sizes: { h1: { fontSize: "1.375rem" }, h2: { fontSize: "1.0625rem" } } },
});

/** Mantine's dimmed and error colours miss 4.5 : 1 on our surfaces; these meet it. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#55606a",
    "--mantine-color-placeholder": "#69747e",
    "--mantine-color-error": "#b42318",
    "--mantine-color-body": "#ffffff",
    "--crier-surface": "#f6f8f8",
    "--crier-line": "#dde3e5",
    "--crier-past": "#f3f5f5",
    "--crier-today": "#e8f6f7",
  },
  dark: {
    "--mantine-color-dimmed": "#a7b0b6",
    "--mantine-color-placeholder": "#949ca2",
    "--mantine-color-error": "#ff9b92",
    "--mantine-color-body": "#16191b",
    "--mantine-color-text": "#dfe4e6",
    "--crier-surface": "#1c2023",
    "--crier-line": "#30363a",
    "--crier-past": "#121516",
    "--crier-today": "#10292c",
  },
});

// `public/theme.js` reads the same key before the first paint.
export const colorSchemeManager = localStorageColorSchemeManager({ key: "crier.theme" });
