package flinkmock

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

const installHint = "Install flinkmock with pip, and set FLINKMOCK to the path of the program unless it is on the path " +
	"or in an active virtual environment."

var shared struct {
	once    sync.Once
	control controlAPI
	// stdin is closed when this process ends; the server then ends, too.
	stdin io.WriteCloser
	err   error
}

// sharedServer returns the control API of the flinkmock process that all tests share. The first call starts it.
func sharedServer() (controlAPI, error) {
	shared.once.Do(func() {
		shared.control, shared.stdin, shared.err = startServer(findCommand(os.Getenv))
	})
	return shared.control, shared.err
}

func startServer(command []string) (controlAPI, io.WriteCloser, error) {
	var none controlAPI
	arguments := append(command[1:], "serve", "--port", "0", "--log", "json", "--quiet", "--until-stdin-ends")
	server := exec.Command(command[0], arguments...)
	var stderr bytes.Buffer
	server.Stderr = &stderr
	stdin, err := server.StdinPipe()
	if err != nil {
		return none, nil, err
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		return none, nil, err
	}
	if err := server.Start(); err != nil {
		return none, nil, fmt.Errorf("%w. %s", err, installHint)
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		exitError := server.Wait()
		return none, nil, fmt.Errorf("%s: %v. %s\n%s", strings.Join(command, " "), exitError, installHint, stderr.String())
	}
	var ready struct{ URL string }
	if err := json.Unmarshal(line, &ready); err != nil {
		return none, nil, fmt.Errorf("%s: unexpected output: %s", strings.Join(command, " "), line)
	}
	return controlAPI{url: ready.URL + apiPrefix}, stdin, nil
}

// findCommand returns the command that runs flinkmock: the program in $FLINKMOCK, else flinkmock in the active virtual
// environment, else flinkmock on the path, else python3 -m flinkmock.
func findCommand(getenv func(string) string) []string {
	if program := getenv("FLINKMOCK"); program != "" {
		return []string{program}
	}
	python, folder := "python3", "bin"
	if runtime.GOOS == "windows" {
		python, folder = "python", "Scripts"
	}
	if environment := getenv("VIRTUAL_ENV"); environment != "" {
		if program, err := exec.LookPath(filepath.Join(environment, folder, "flinkmock")); err == nil {
			return []string{program}
		}
	}
	if program, err := exec.LookPath("flinkmock"); err == nil {
		return []string{program}
	}
	return []string{python, "-m", "flinkmock"}
}
