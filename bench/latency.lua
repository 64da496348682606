-- Ends wrk's report with a line of JSON: times in milliseconds, and answers that were no 2xx or never came as errors.
done = function(summary, latency)
  local seconds = summary.duration / 1e6
  local errors = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format('{"p50": %.3f, "p99": %.3f, "rate": %.1f, "errors": %d}\n',
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, summary.requests / seconds, errors))
end
