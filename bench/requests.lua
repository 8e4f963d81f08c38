-- For wrk with as many threads as connections, so that a thread is one person's connection.
-- Thread n sends, in turn, the whole requests in the files <directory>/<n>-0, <n>-1, ...
-- and a summary is printed at the end as JSON.

local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(arguments)
  requests, turn = {}, 0
  while true do
    local file = io.open(arguments[1] .. "/" .. number .. "-" .. #requests, "rb")
    if not file then break end
    requests[#requests + 1] = file:read("*a")
    file:close()
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '\n{"answers": %d, "seconds": %f, "bytes": %d, "refused": %d, "broken": %d, "p50": %f, "p99": %f}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
