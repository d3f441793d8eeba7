package bench;

import java.io.Serializable;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;

/** Notes each result in the tally of this process. */
final class TallySink<T> implements Sink<T> {
  interface Note<T> extends Serializable {
    void take(T result, long timestamp);
  }

  private final Note<T> note;

  TallySink(Note<T> note) {
    this.note = note;
  }

  @Override
  public SinkWriter<T> createWriter(WriterInitContext context) {
    return new SinkWriter<>() {
      @Override
      public void write(T result, Context context) {
        Long timestamp = context.timestamp();
        note.take(result, timestamp == null ? 0 : timestamp);
      }

      @Override
      public void flush(boolean endOfInput) {
        if (endOfInput) Tally.ended();
      }

      @Override
      public void close() {}
    };
  }
}
