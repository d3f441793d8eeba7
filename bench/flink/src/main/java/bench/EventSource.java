package bench;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** The events of a work, made in blocks by one reader. It has no splits: the reader knows what to make, and no checkpoint is taken. */
final class EventSource implements Source<Event, EventSource.NoSplit, Boolean> {
  private static final int BLOCK = 4_096;
  /** More than one a poll, as Flink allows and readers that want to be fast do. */
  private static final int EVENTS_PER_POLL = 128;

  private final Work work;
  private final int events;

  EventSource(Work work, int events) {
    this.work = work;
    this.events = events;
  }

  @Override
  public Boundedness getBoundedness() {
    return Boundedness.BOUNDED;
  }

  @Override
  public SourceReader<Event, NoSplit> createReader(SourceReaderContext context) {
    return new Reader(work, events);
  }

  @Override
  public SplitEnumerator<NoSplit, Boolean> createEnumerator(SplitEnumeratorContext<NoSplit> context) {
    return new SplitEnumerator<>() {
      @Override
      public void start() {}

      @Override
      public void handleSplitRequest(int subtask, String host) {}

      @Override
      public void addSplitsBack(List<NoSplit> splits, int subtask) {}

      @Override
      public void addReader(int subtask) {
        context.signalNoMoreSplits(subtask);
      }

      @Override
      public Boolean snapshotState(long checkpoint) {
        return true;
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public SplitEnumerator<NoSplit, Boolean> restoreEnumerator(SplitEnumeratorContext<NoSplit> context, Boolean state) {
    return createEnumerator(context);
  }

  @Override
  public SimpleVersionedSerializer<NoSplit> getSplitSerializer() {
    return new NothingStored<>();
  }

  @Override
  public SimpleVersionedSerializer<Boolean> getEnumeratorCheckpointSerializer() {
    return new NothingStored<>();
  }

  static final class NoSplit implements SourceSplit {
    @Override
    public String splitId() {
      return "all";
    }
  }

  private static final class NothingStored<T> implements SimpleVersionedSerializer<T> {
    @Override
    public int getVersion() {
      return 1;
    }

    @Override
    public byte[] serialize(T value) {
      return new byte[0];
    }

    @Override
    public T deserialize(int version, byte[] bytes) {
      throw new UnsupportedOperationException("no checkpoint is taken, so nothing is restored");
    }
  }

  private static final class Reader implements SourceReader<Event, NoSplit> {
    private final Work work;
    private final int events;
    private final Event[] block = new Event[BLOCK];
    private final String[] names;
    private int made;
    private int at;
    private int length;

    Reader(Work work, int events) {
      this.work = work;
      this.events = events;
      for (int index = 0; index < BLOCK; index += 1) block[index] = new Event();
      names = work.hasStringKeys ? new String[work.keys] : null;
      if (names != null) for (int key = 0; key < work.keys; key += 1) names[key] = "user-" + key;
    }

    @Override
    public void start() {}

    @Override
    public InputStatus pollNext(ReaderOutput<Event> output) {
      if (at == length && !fill()) return InputStatus.END_OF_INPUT;
      int until = Math.min(length, at + EVENTS_PER_POLL);
      for (; at < until; at += 1) output.collect(block[at], block[at].time);
      return InputStatus.MORE_AVAILABLE;
    }

    private boolean fill() {
      if (made == 0) Tally.startedNanos = System.nanoTime();
      at = 0;
      length = Math.min(BLOCK, events - made);
      for (int index = 0; index < length; index += 1) block[index].become(made + index, work, names);
      made += length;
      return 0 < length;
    }

    @Override
    public List<NoSplit> snapshotState(long checkpoint) {
      return List.of();
    }

    @Override
    public CompletableFuture<Void> isAvailable() {
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public void addSplits(List<NoSplit> splits) {}

    @Override
    public void notifyNoMoreSplits() {}

    @Override
    public void close() {}
  }
}
