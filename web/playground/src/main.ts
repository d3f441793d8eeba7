import { mount } from "svelte";
import App from "./App.svelte";
import "./app.css";

const target = document.querySelector("#app");
if (target === null) throw new Error("the page has an element #app");
mount(App, { target });
