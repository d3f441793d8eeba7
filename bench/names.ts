import { nearestName } from "../core/lib/nearest-name.ts";

/** What is wrong with a name that nobody has, as a sentence for people, and the names that there are. */
export function unknownName(option: string, name: string, known: readonly string[], whatElse: string = ""): string {
  const nearest = nearestName(name, known);
  const question = nearest === undefined ? "" : ` Did you mean "${nearest}"?`;
  return [`${option}: nothing is called "${name}".${question}`, `There are: ${known.join(", ")}.${whatElse}`].join("\n");
}
