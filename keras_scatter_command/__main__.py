import sys

from keras_scatter_command import main

sys.exit(main())
