import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.CRIER_DEV_SERVER ?? "http://127.0.0.1:4800";

const VENDOR =
  /node_modules\/(react|react-dom|scheduler|use-sync-external-store|i18next|react-i18next|openapi-fetch|@floating-ui|@dnd-kit\/(core|utilities|accessibility)|@tanstack\/(history|query-core|react-query|react-router|react-store|router-core|store))\//;

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) },
  },
  server: {
    host: "127.0.0.1",
    proxy: {
      // The server refuses unsafe requests of another origin, so the proxy speaks in its name.
      "/api": { target: server, changeOrigin: true, headers: { origin: server } },
      "/integrations": { target: server },
      "/docs": { target: server },
    },
  },
  build: {
    outDir: "dist",
    // A data: URL script or font would be refused by the Content-Security-Policy.
    assetsInlineLimit: 0,
    manifest: true,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // What every page needs is one file that changes only with its packages, not a dozen small ones.
          groups: [{ name: "vendor", test: VENDOR }],
        },
      },
    },
  },
  test: {
    environment: "node",
    include: ["src/**/*.test.{ts,tsx}"],
    env: { TZ: "America/New_York" },
    setupFiles: ["temporal-polyfill/global"],
  },
});
