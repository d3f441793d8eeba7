import process from "node:process";

/** A process that does nothing: what Node itself takes. Prints bytes. */
console.log(process.resourceUsage().maxRSS * 1024);
