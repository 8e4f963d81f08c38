-- For wrk with as many threads as connections, so that a thread is one person's connection.
-- Thread n sends, in turn, the whole requests in the files <directory>/<n>-0, <n>-1, ...
-- In place of 16 @ goes a number that is higher each time.
-- and a summary is printed at the end as JSON.

local threads = 0
local marker = string.rep("@", 16)

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(arguments)
  requests, turn, rising = {}, 0, tonumber(arguments[2])
  while true do
    local file = io.open(arguments[1] .. "/" .. number .. "-" .. #requests, "rb")
    if not file then break end
    local text = file:read("*a")
    file:close()
    local at = text:find(marker, 1, true)
    requests[#requests + 1] = {text:sub(1, at and at - 1 or -1), at and text:sub(at + #marker)}
  end
end

function request()
  turn = turn % #requests + 1
  local before, after = requests[turn][1], requests[turn][2]
  if not after then return before end
  rising = rising + 1
  return before .. string.format("%.0f", rising) .. after
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '\n{"answers": %d, "seconds": %f, "bytes": %d, "refused": %d, "broken": %d, "p50": %f, "p99": %f}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
