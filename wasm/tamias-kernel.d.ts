/**
 * `tamias/kernel.wasm` as edge workers and their bundlers import a file of WebAssembly: compiled. Bundlers for pages may give its address instead;
 * `loadKernelModule` of `tamias/web` takes either.
 */
declare const module: WebAssembly.Module;
export default module;
