-- Asks what stands in a file, one request a line and round again, and prints the figures as JSON.
-- A line is: METHOD PATH, and for POST a blank and the JSON to send.

local asked, at = {}, 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    local method, path, body = line:match("^(%S+) (%S+) ?(.*)$")
    local headers = { Accept = "application/json" }
    if body == "" then
      body = nil
    else
      headers["Content-Type"] = "application/json"
    end
    asked[#asked + 1] = wrk.format(method, path, headers, body)
  end
end

function request()
  at = at % #asked + 1
  return asked[at]
end

function done(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "failed": %d, "bytes": %d, "p50": %d, "p99": %d}\n',
    summary.requests, summary.duration, failed, summary.bytes,
    latency:percentile(50), latency:percentile(99)
  ))
end
