// Command fetch puts the database binaries for this platform, or those named as
// linux/arm64 and so on, into the checkout's .cache folder.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"advisor/internal/localpg/fetch"
)

func main() {
	cache := flag.String("cache", ".cache", "folder that keeps the binaries")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	platforms := flag.Args()
	if len(platforms) == 0 {
		platforms = []string{runtime.GOOS + "/" + runtime.GOARCH}
	}
	for _, p := range platforms {
		dir, err := fetch.Runtime(ctx, *cache, fetch.Platform(p), os.Stderr)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(dir)
	}
}
