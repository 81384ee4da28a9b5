// SPDX-License-Identifier: MIT

// Server is a web server that migrates before it listens, and whose readiness answers for its schema.
//
//	DATABASE_URL=postgresql:///app MIGRATIONS_DIR=migrations PORT=8080 go run ./examples/server
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"libmigrate"
)

func main() {
	if err := run(); err != nil {
		var failed *libmigrate.Error
		if errors.As(err, &failed) {
			fmt.Fprintln(os.Stderr, failed.Text())
		} else {
			fmt.Fprintln(os.Stderr, "server:", err)
		}
		os.Exit(1)
	}
}

func run() error {
	url, dir := os.Getenv("DATABASE_URL"), libmigrate.WithDir(os.Getenv("MIGRATIONS_DIR"))
	// SIGTERM ends the context: in the middle of a migration that rolls it back.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	report, err := libmigrate.Startup(ctx, url, dir, libmigrate.WithLogger(slog.Default()))
	if err != nil {
		return err
	}
	slog.Info("the schema is there", "at", report.To, "applied", report.Applied)
	return serve(ctx, routes(url, dir))
}

func routes(url string, dir libmigrate.Option) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hello") })
	mux.HandleFunc("/ready", func(w http.ResponseWriter, r *http.Request) {
		if err := libmigrate.Ready(r.Context(), url, dir, libmigrate.WithWaitTimeout(2*time.Second)); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
	return mux
}

// serve until the context ends; then the requests that are under way have a few seconds.
func serve(ctx context.Context, handler http.Handler) error {
	server := &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() {
		<-ctx.Done()
		patience, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		ended <- server.Shutdown(patience)
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-ended
}
