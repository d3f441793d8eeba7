package bench;

/** Accumulator and result of a window. */
public class Sums {
  public int count;
  public int sum;
}
