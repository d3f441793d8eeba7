/** `tamias/kernel.wasm` as edge workers and their bundlers import a file of WebAssembly: compiled. */
declare const module: WebAssembly.Module;
export default module;
