/** A file of WebAssembly, imported as edge workers import it: compiled. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
