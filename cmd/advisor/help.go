package main

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
)

// helpCommand prints what there is, or with "config" every setting with the
// value in force; secrets are masked.
func helpCommand(*flags) action {
	return func(_ context.Context, e *env, args []string) error {
		if strings.Join(args, " ") == "config" {
			return e.print(e.cfg.values(), func(w io.Writer) {
				for _, s := range settings {
					fmt.Fprintf(w, "%-30s %-26s %s\n", s.name, s.shown(e.cfg), s.does)
				}
			})
		}
		names := map[string]string{}
		for _, c := range commands() {
			names[c.name] = c.does
		}
		return e.print(names, func(w io.Writer) { fmt.Fprint(w, overview()) })
	}
}

// version is set by the build; without it the module's own record is used.
var version = ""

func versionCommand(*flags) action {
	return func(_ context.Context, e *env, _ []string) error {
		v := map[string]string{"version": version, "go": ""}
		if info, ok := debug.ReadBuildInfo(); ok {
			v["go"] = info.GoVersion
			if version == "" {
				v["version"] = info.Main.Version
			}
		}
		return e.print(v, func(w io.Writer) { fmt.Fprintf(w, "advisor %s（%s）\n", v["version"], v["go"]) })
	}
}
