import com.sun.management.OperatingSystemMXBean;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Writes or reads a file by Hadoop's FileSystem, once to warm up and once for the nanoseconds (wall, CPU) that it prints. */
public class Files {
  static final byte[] buffer = new byte[1 << 20];

  public static void main(String[] args) throws Exception {
    Configuration conf = new Configuration();
    conf.setInt("dfs.replication", 1);
    FileSystem fs = FileSystem.get(URI.create(args[1]), conf);
    long mib = Long.parseLong(args[2]);
    new java.util.Random(1).nextBytes(buffer);
    run(args[0], fs, new Path(args[1]), Math.min(mib, 128));
    OperatingSystemMXBean os = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long wall = System.nanoTime(), cpu = os.getProcessCpuTime();
    run(args[0], fs, new Path(args[1]), mib);
    System.out.println((System.nanoTime() - wall) + " " + (os.getProcessCpuTime() - cpu));
  }

  static void run(String what, FileSystem fs, Path path, long mib) throws Exception {
    if (what.equals("write")) {
      try (OutputStream out = fs.create(path, true)) {
        for (long i = 0; i < mib; i++) out.write(buffer);
      }
      return;
    }
    try (InputStream in = fs.open(path)) {
      for (long left = mib << 20; left > 0; ) {
        int n = in.read(buffer, 0, (int) Math.min(left, buffer.length));
        if (n < 0) throw new IllegalStateException("the file is too short");
        left -= n;
      }
    }
  }
}
