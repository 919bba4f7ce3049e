"""The one service layer of portal, REST and command line: plain values in, frozen values out, one transaction each."""
