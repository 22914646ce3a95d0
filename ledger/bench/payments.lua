-- Payments for wrk, each under its own idempotency key. Arguments after `--`:
--   prefix of the keys, POST path, first account, number of accounts, hot account or '-', payments per request, file of acknowledged ids
-- The ids of what was acknowledged are written down, so that each one can be looked up afterwards.
local threads = {}

function setup(thread)
  thread:set("index", #threads)
  table.insert(threads, thread)
end

function init(args)
  prefix, path, first, accounts, hot, size = args[1], args[2], tonumber(args[3]), tonumber(args[4]), args[5], tonumber(args[6])
  file = io.open(args[7] .. "." .. index, "w")
  acknowledged, refused, sent, firstRefusal = 0, 0, 0, ""
  expected = size == 1 and 201 or 200
  -- Threads must not walk the same accounts; nothing else depends on the seed.
  math.randomseed(os.time() * 16 + index)
  local headers = { "POST " .. path .. " HTTP/1.1" }
  for name, value in pairs(wrk.headers) do table.insert(headers, name .. ": " .. value) end
  table.insert(headers, "Host: 127.0.0.1")
  head = table.concat(headers, "\r\n") .. "\r\nIdempotency-Key: "
end

local function transfer()
  local payer = math.random(first, first + accounts - 1)
  local payee
  if hot ~= "-" then
    payee = hot
  else
    local other = math.random(first, first + accounts - 2)
    if other >= payer then other = other + 1 end
    payee = "acct-" .. other
  end
  return '"debitAccountId":"acct-' .. payer .. '","creditAccountId":"' .. payee .. '","amountMinor":"' .. math.random(1, 1000) .. '","currency":"USD"}'
end

function request()
  sent = sent + 1
  local key = prefix .. "-" .. index .. "-" .. sent
  local body
  if size == 1 then
    body = "{" .. transfer()
  else
    local parts = {}
    for i = 1, size do parts[i] = '{"key":"' .. key .. "-" .. i .. '",' .. transfer() end
    body = '{"transfers":[' .. table.concat(parts, ",") .. "]}"
  end
  return head .. key .. "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

function response(status, headers, body)
  if status ~= expected then
    refused = refused + 1
    if firstRefusal == "" then firstRefusal = status .. " " .. string.sub(body, 1, 300) end
    return
  end
  acknowledged = acknowledged + 1
  if size == 1 then
    file:write(string.match(body, '"id":"([^"]+)"') or "none", "\n")
    return
  end
  local posted = 0
  for id in string.gmatch(body, '"id":"(tr_[^"]+)"') do
    file:write(id, "\n")
    posted = posted + 1
  end
  if posted < size then
    refused = refused + 1
    if firstRefusal == "" then firstRefusal = string.match(body, '{[^{}]*"status":[45].*') or "a payment without an id" end
    firstRefusal = string.sub(firstRefusal, 1, 300)
  end
end

-- Runs once, in a state of its own, after every thread has ended.
function done(summary, latency, requests)
  local acknowledgedAll, refusedAll, refusal = 0, 0, ""
  for _, thread in ipairs(threads) do
    acknowledgedAll = acknowledgedAll + thread:get("acknowledged")
    refusedAll = refusedAll + thread:get("refused")
    if refusal == "" then refusal = thread:get("firstRefusal") end
  end
  local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  print(string.format('bench {"durationUs":%d,"requests":%d,"acknowledged":%d,"refused":%d,"socketErrors":%d,"p50Us":%d,"p99Us":%d,"firstRefusal":"%s"}',
    summary.duration, summary.requests, acknowledgedAll, refusedAll, errors, latency:percentile(50), latency:percentile(99), (string.gsub(refusal, '[%c"\\]', "'"))))
end
