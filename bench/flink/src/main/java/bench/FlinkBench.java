package bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.DataStreamUtils;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.windowing.assigners.EventTimeSessionWindows;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.WindowAssigner;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;

/**
 * One work of the benchmark on Apache Flink as it is fastest on one slot: parallelism 1, heap state, object reuse, and source, keyed operator and sink in one
 * chain (the key of a stream that nothing repartitions is declared, not shuffled). Arguments: `events=N warmUp=N` and the fields of the work. The last line of
 * the output is the report in JSON.
 */
public final class FlinkBench {
  private static final OutputTag<Event> TOO_LATE = new OutputTag<>("too-late", TypeInformation.of(Event.class));

  private FlinkBench() {}

  public static void main(String[] arguments) throws Exception {
    Work work = new Work(arguments);
    Tally.saysFirst = List.of(arguments).contains("sayFirst=true");
    int warmUp = numberOf("warmUp", arguments);
    if (0 < warmUp) run(work, warmUp);
    run(work, numberOf("events", arguments));
    System.out.printf(
        "{\"results\":%d,\"checksum\":%d,\"late\":%d,\"ms\":%.3f,\"peakRssBytes\":%d}%n",
        Tally.results,
        Tally.checksum,
        Tally.late,
        (Tally.endedNanos - Tally.startedNanos) / 1e6,
        peakRssBytes());
  }

  private static int numberOf(String name, String[] arguments) {
    for (String argument : arguments) if (argument.startsWith(name + "=")) return Integer.parseInt(argument.substring(name.length() + 1));
    throw new IllegalArgumentException("missing: " + name);
  }

  private static long peakRssBytes() throws Exception {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) return 0;
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith("VmHWM:")) return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
    }
    return 0;
  }

  private static void run(Work work, int events) throws Exception {
    Tally.clear();
    StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(1, new Configuration());
    env.getConfig().enableObjectReuse();
    env.getConfig().setAutoWatermarkInterval(0);
    DataStream<Event> input =
        env.fromSource(new EventSource(work, events), strategy(), "events", TypeInformation.of(Event.class));
    if (work.kind.equals("generate")) {
      input.sinkTo(new TallySink<>((event, timestamp) -> Tally.see(event.key, event.value)));
    } else if (work.hasStringKeys) {
      compute(work, DataStreamUtils.reinterpretAsKeyedStream(input, (KeySelector<Event, String>) event -> event.name, Types.STRING));
    } else {
      compute(work, DataStreamUtils.reinterpretAsKeyedStream(input, (KeySelector<Event, Integer>) event -> event.key, Types.INT));
    }
    env.execute(work.kind);
  }

  private static <K> void compute(Work work, KeyedStream<Event, K> keyed) {
    if (work.kind.equals("process")) {
      keyed.process(new RunningTotal<K>()).sinkTo(new TallySink<>((total, timestamp) -> Tally.add(timestamp, 1, total)));
      return;
    }
    SingleOutputStreamOperator<Sums> sums =
        keyed
            .window(windows(work))
            .allowedLateness(Duration.ofMillis(work.allowedLatenessMs))
            .sideOutputLateData(TOO_LATE)
            .aggregate(new SumAndCount());
    sums.sinkTo(new TallySink<>((result, timestamp) -> Tally.add(timestamp, result.count, result.sum)));
    sums.getSideOutput(TOO_LATE).sinkTo(new TallySink<>((event, timestamp) -> Tally.late += 1));
  }

  private static WindowAssigner<Object, TimeWindow> windows(Work work) {
    Duration size = Duration.ofMillis(work.sizeMs);
    switch (work.kind) {
      case "sessions":
        return EventTimeSessionWindows.withGap(Duration.ofMillis(work.gapMs));
      case "tumbling":
        return TumblingEventTimeWindows.of(size);
      default:
        return SlidingEventTimeWindows.of(size, Duration.ofMillis(work.slideMs));
    }
  }

  private static WatermarkStrategy<Event> strategy() {
    return WatermarkStrategy.<Event>forGenerator(context -> new OnEvent()).withTimestampAssigner((event, previous) -> event.time);
  }

  /** A watermark after each event that advances it. */
  private static final class OnEvent implements WatermarkGenerator<Event> {
    private long latest = Long.MIN_VALUE;

    @Override
    public void onEvent(Event event, long timestamp, WatermarkOutput output) {
      if (timestamp <= latest) return;
      latest = timestamp;
      output.emitWatermark(new Watermark(timestamp - Work.BOUND_MS - 1));
    }

    @Override
    public void onPeriodicEmit(WatermarkOutput output) {}
  }

  private static final class SumAndCount implements AggregateFunction<Event, Sums, Sums> {
    @Override
    public Sums createAccumulator() {
      return new Sums();
    }

    @Override
    public Sums add(Event event, Sums sums) {
      sums.count += 1;
      sums.sum += event.value;
      return sums;
    }

    @Override
    public Sums getResult(Sums sums) {
      return sums;
    }

    @Override
    public Sums merge(Sums left, Sums right) {
      left.count += right.count;
      left.sum += right.sum;
      return left;
    }
  }

  private static final class RunningTotal<K> extends KeyedProcessFunction<K, Event, Integer> {
    private transient ValueState<Integer> total;

    @Override
    public void open(OpenContext context) {
      total = getRuntimeContext().getState(new ValueStateDescriptor<>("total", Types.INT));
    }

    @Override
    public void processElement(Event event, Context context, Collector<Integer> out) throws Exception {
      Integer before = total.value();
      int next = (before == null ? 0 : before) + event.value;
      total.update(next);
      out.collect(next);
    }
  }
}
