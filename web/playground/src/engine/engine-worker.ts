import { expose } from "comlink";
import { FlightsEngine } from "./flights-engine.ts";

/** The worker that the engine lives in, with those that it starts. */
expose(new FlightsEngine());
