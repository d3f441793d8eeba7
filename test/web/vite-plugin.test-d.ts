import type { Plugin } from "vite";
import { tamias } from "../../node/vite.ts";

/** The plugin says what it needs of Vite in its own words, so that Vite need not be installed; they must be Vite's. */
export const plugin: Plugin = tamias();
