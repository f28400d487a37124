package kernel

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

var urlKernels = map[string]entry{
	"PARSE_URL":  byRow(parseURL),
	"URL_ENCODE": byRow(func(f *frame) error { f.putString(url.QueryEscape(f.str(0))); return nil }),
	"URL_DECODE": byRow(func(f *frame) error {
		s, err := url.QueryUnescape(f.str(0))
		if err != nil {
			f.putNull()
			return nil
		}
		f.putString(s)
		return nil
	}),
	"INET_ATON": byRow(inetAton),
	"INET_NTOA": byRow(inetNtoa),
}

// protocols are those that Java knows; another makes no URL.
var protocols = []string{"http", "https", "ftp", "file", "jar", "mailto"}

// urlParts cuts a URL without decoding what is escaped, as Java does. A part that is not there is not in the map.
func urlParts(s string) (map[string]string, bool) {
	protocol, rest, ok := strings.Cut(s, "://")
	if !ok || !slices.Contains(protocols, strings.ToLower(protocol)) {
		return nil, false
	}
	parts := map[string]string{"PROTOCOL": protocol}
	rest, ref, ok := strings.Cut(rest, "#")
	if ok {
		parts["REF"] = ref
	}
	rest, query, ok := strings.Cut(rest, "?")
	if ok {
		parts["QUERY"] = query
	}
	authority, path, slash := strings.Cut(rest, "/")
	if slash {
		path = "/" + path
	}
	parts["AUTHORITY"], parts["PATH"], parts["FILE"] = authority, path, path
	if ok {
		parts["FILE"] = path + "?" + query
	}
	host := authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		parts["USERINFO"], host = authority[:i], authority[i+1:]
	}
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		if _, err := strconv.ParseUint(host[i+1:], 10, 16); err != nil && host[i+1:] != "" {
			return nil, false
		}
		host = host[:i]
	}
	parts["HOST"] = host
	return parts, true
}

func parseURL(f *frame) error {
	parts, ok := urlParts(f.str(0))
	part, found := parts[f.str(1)]
	if f.has(2) {
		part, found = queryValue(part, f.str(2), found && f.str(1) == "QUERY")
	}
	if !ok || !found {
		f.putNull()
		return nil
	}
	f.putString(part)
	return nil
}

func queryValue(query, key string, ok bool) (string, bool) {
	if !ok {
		return "", false
	}
	for pair := range strings.SplitSeq(query, "&") {
		if k, v, is := strings.Cut(pair, "="); is && k == key {
			return v, true
		}
	}
	return "", false
}

// inetAton reads one to four numbers; the last of fewer than four fills the bytes that are left, except where it is the only one.
func inetAton(f *frame) error {
	parts := strings.Split(f.str(0), ".")
	if len(parts) > 4 {
		f.putNull()
		return nil
	}
	total := int64(0)
	for i, p := range parts {
		bits := 8
		if i == len(parts)-1 && i > 0 {
			bits = 8 * (4 - i)
		}
		n, ok := digits(p, 10)
		if !ok || n >= 1<<bits {
			f.putNull()
			return nil
		}
		total = total<<bits | int64(n)
	}
	f.putInt(total)
	return nil
}

func inetNtoa(f *frame) error {
	n := f.int(0)
	if n < 0 || n > 1<<32-1 {
		f.putNull()
		return nil
	}
	f.scratch = f.scratch[:0]
	for shift := 24; shift >= 0; shift -= 8 {
		f.scratch = strconv.AppendInt(f.scratch, n>>shift&255, 10)
		if shift > 0 {
			f.scratch = append(f.scratch, '.')
		}
	}
	f.putText(f.scratch)
	return nil
}
