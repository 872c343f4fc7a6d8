-- Asks what stands in a file, one request a line and round again, and prints the figures as JSON.
-- A line is: METHOD PATH, and for POST a blank and the JSON to send. UNIQUE in there is another
-- text each time.

local asked, at, made, run = {}, 0, 0, ""

local function formatted(line)
  local method, path, body = line:match("^(%S+) (%S+) ?(.*)$")
  local headers = { Accept = "application/json" }
  if body == "" then
    body = nil
  else
    headers["Content-Type"] = "application/json"
  end
  return wrk.format(method, path, headers, body)
end

local function unique()
  made = made + 1
  return run .. made
end

function init(arguments)
  run = arguments[2] .. "-"
  for line in io.lines(arguments[1]) do
    local changes = line:find("UNIQUE", 1, true) ~= nil
    asked[#asked + 1] = { changes = changes, line = changes and line or formatted(line) }
  end
end

function request()
  at = at % #asked + 1
  local next = asked[at]
  if next.changes then
    return formatted((next.line:gsub("UNIQUE", unique)))
  end
  return next.line
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
