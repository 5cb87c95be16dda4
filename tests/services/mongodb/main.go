// A MongoDB-compatible server for tests, on SQLite files: FerretDB 1.24, embedded.
//
// FerretDB's own command expects files that its module does not carry, so it cannot be installed with "go install".
//
//	mongodb-for-tests ADDRESS FOLDER
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: mongodb-for-tests ADDRESS FOLDER")
		os.Exit(2)
	}

	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: os.Args[1]},
		Logger:    slog.New(slog.NewTextHandler(io.Discard, nil)),
		Handler:   "sqlite",
		SQLiteURL: "file:" + os.Args[2] + "/",
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}

	fmt.Println(server.MongoDBURI())

	ending, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()

	if err := server.Run(ending); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
