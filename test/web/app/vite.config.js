import { tamias } from "tamias/vite";

export default { plugins: [tamias()] };
